;; Refuses with sixteen random letters.
(core module $main
  (import "heap" "memory" (memory 1))
  (import "wasi" "get-random-bytes" (func $get-random-bytes (param i64 i32)))
  (func (export "detect") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local $i i32)
    (call $get-random-bytes (i64.const 16) (i32.const 64))
    (local.set $at (i32.load (i32.const 64)))
    (loop $next
      (i32.store8
        (i32.add (local.get $at) (local.get $i))
        (i32.add
          (i32.const 97)
          (i32.and (i32.load8_u (i32.add (local.get $at) (local.get $i))) (i32.const 15))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (i32.const 16))))
    (i32.store (i32.const 0) (i32.const 1))
    (i32.store (i32.const 4) (i32.const 2))
    (i32.store (i32.const 8) (local.get $at))
    (i32.store (i32.const 12) (i32.const 16))
    i32.const 0))
