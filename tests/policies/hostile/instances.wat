;; More instances than any toolchain makes.
(core module $tiny)
REPEAT 70 (core instance (instantiate $tiny))
(core module $main
  (func (export "detect") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    i32.const 0))
