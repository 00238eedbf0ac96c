;; Calls itself without end.
(core module $main
  (func $down (param i32) (result i32)
    (i32.add (local.get 0) (call $down (i32.add (local.get 0) (i32.const 1)))))
  (func (export "detect") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (call $down (i32.const 0))))
