;; Sixty tables, each within the limit.
(core module $main
REPEAT 60 (table 90000 funcref)
  (func (export "detect") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    i32.const 0))
