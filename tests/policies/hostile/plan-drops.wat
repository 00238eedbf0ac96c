;; Finds an environment, and does not hide it.
(core module $main
  (import "heap" "memory" (memory 1))
  (data (i32.const 1024) ".venv")
  (func (export "detect") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (i32.store (i32.const 2048) (i32.const 1024))
    (i32.store (i32.const 2052) (i32.const 5))
    (i32.store (i32.const 4) (i32.const 2048))
    (i32.store (i32.const 8) (i32.const 1))
    i32.const 0)
  ;; The workspace, where it is to be.
  (func (export "plan")
    (param i32 i32 i32 i32 i32 i32 i32) (param $workspace i32) (param $length i32) (param i32 i32 i64)
    (result i32)
    (i32.store offset=8 (i32.const 4096) (local.get $workspace))
    (i32.store offset=12 (i32.const 4096) (local.get $length))
    (i32.store (i32.const 4) (i32.const 4096))
    (i32.store (i32.const 8) (i32.const 1))
    i32.const 0))
