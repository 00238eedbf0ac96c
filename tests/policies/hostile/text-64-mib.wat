;; One note of 64 MiB.
(core module $main
  (import "heap" "memory" (memory 1))
  (func (export "detect") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (drop (memory.grow (i32.const 1200)))
    (i32.store (i32.const 24) (i32.const 64))
    (i32.store (i32.const 28) (i32.const 1))
    (i32.store (i32.const 80) (i32.const 1_048_576))
    (i32.store (i32.const 84) (i32.const 67_108_864))
    i32.const 0))
