;; Takes memory until there is none, and uses it.
(core module $main
  (import "heap" "memory" (memory 1))
  (func (export "detect") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (local $at i32)
    (loop $more
      (local.set $at (memory.grow (i32.const 160)))
      (memory.fill
        (i32.mul (local.get $at) (i32.const 65536)) (i32.const 1) (i32.const 10_485_760))
      (br_if $more (i32.ne (local.get $at) (i32.const -1))))
    i32.const 0))
