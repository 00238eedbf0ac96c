;; Refuses with four megabytes of escape characters.
(core module $main
  (import "heap" "memory" (memory 1))
  (func (export "detect") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (drop (memory.grow (i32.const 80)))
    (memory.fill (i32.const 1_048_576) (i32.const 0x1b) (i32.const 4_194_304))
    (i32.store (i32.const 0) (i32.const 1))
    (i32.store (i32.const 4) (i32.const 0))
    (i32.store (i32.const 8) (i32.const 1_048_576))
    (i32.store (i32.const 12) (i32.const 4_194_304))
    i32.const 0))
