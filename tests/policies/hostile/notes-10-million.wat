;; A list of ten million notes, all of them zeroes.
(core module $main
  (import "heap" "memory" (memory 1))
  (func (export "detect") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (drop (memory.grow (i32.const 3700)))
    (i32.store (i32.const 24) (i32.const 1_048_576))
    (i32.store (i32.const 28) (i32.const 10_000_000))
    i32.const 0))
