;; Opens the workspace again and again, and closes nothing.
(core module $main
  (import "heap" "memory" (memory 1))
  (import "wasi" "get-directories" (func $get-directories (param i32)))
  (import "wasi" "open-at" (func $open-at (param i32 i32 i32 i32 i32 i32 i32)))
  (data (i32.const 1024) ".")
  (func (export "detect") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (call $get-directories (i32.const 64))
    (loop $more
      (call $open-at
        (i32.load (i32.load (i32.const 64))) (i32.const 0) (i32.const 1024) (i32.const 1)
        (i32.const 2) (i32.const 1) (i32.const 72))
      (br_if $more (i32.eqz (i32.load8_u (i32.const 72)))))
    ;; Being told "too many open files" would be the host's own limit.
    unreachable))
