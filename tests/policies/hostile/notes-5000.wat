;; Five thousand notes.
(core module $main
  (import "heap" "memory" (memory 1))
  (func (export "detect") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (i32.store (i32.const 24) (i32.const 1_048_576))
    (i32.store (i32.const 28) (i32.const 5000))
    i32.const 0))
