;; Opens a fifo of the workspace: nobody ever writes to it.
(core module $main
  (import "heap" "memory" (memory 1))
  (import "wasi" "get-directories" (func $get-directories (param i32)))
  (import "wasi" "open-at" (func $open-at (param i32 i32 i32 i32 i32 i32 i32)))
  (data (i32.const 1024) "fifo")
  (data (i32.const 1100) "a fifo is not opened")
  (func (export "detect") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (call $get-directories (i32.const 64))
    (call $open-at
      (i32.load (i32.load (i32.const 64))) (i32.const 0) (i32.const 1024) (i32.const 4)
      (i32.const 0) (i32.const 1) (i32.const 72))
    (if (i32.eqz (i32.load8_u (i32.const 72))) (then unreachable))
    (i32.store (i32.const 0) (i32.const 1))
    (i32.store (i32.const 4) (i32.const 2))
    (i32.store (i32.const 8) (i32.const 1100))
    (i32.store (i32.const 12) (i32.const 20))
    i32.const 0))
