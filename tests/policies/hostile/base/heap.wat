  ;; Memory, and a `realloc` that never frees. In a module of its own, because the
  ;; imports are lowered with it before the policy's code can be linked.
  (core module $heap
    (memory (export "memory") 32)
    (global $next (mut i32) (i32.const 65536))
    (func (export "realloc") (param i32 i32 i32) (param $size i32) (result i32)
      global.get $next
      (global.set $next
        (i32.and
          (i32.add (i32.add (global.get $next) (local.get $size)) (i32.const 7))
          (i32.const -8)))))
