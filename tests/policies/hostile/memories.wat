;; Five memories, each within the limit.
(core module $hungry (memory 1600))
REPEAT 5 (core instance (instantiate $hungry))
(core module $main
  (func (export "detect") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    i32.const 0))
