;; Sixty-four notes that share one text of 1 MiB.
(core module $main
  (import "heap" "memory" (memory 1))
  (func (export "detect") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (local $i i32)
    (local $at i32)
    (i32.store (i32.const 24) (i32.const 1024))
    (i32.store (i32.const 28) (i32.const 64))
    (loop $next
      (local.set $at (i32.add (i32.const 1024) (i32.mul (local.get $i) (i32.const 24))))
      (i32.store offset=16 (local.get $at) (i32.const 65536))
      (i32.store offset=20 (local.get $at) (i32.const 1_048_576))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (i32.const 64))))
    i32.const 0))
