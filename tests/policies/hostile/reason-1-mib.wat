;; One finding, with a reason of 1 MiB.
(core module $main
  (import "heap" "memory" (memory 1))
  (data (i32.const 1024) ".venv")
  (func (export "detect") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (i32.store (i32.const 4) (i32.const 64))
    (i32.store (i32.const 8) (i32.const 1))
    (i32.store (i32.const 64) (i32.const 1024))
    (i32.store (i32.const 68) (i32.const 5))
    (i32.store (i32.const 124) (i32.const 0x10_0000))
    (i32.store (i32.const 128) (i32.const 1_048_576))
    i32.const 0))
