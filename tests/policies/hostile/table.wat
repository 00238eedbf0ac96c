;; A table without end.
(core module $main
  (table $t 1 funcref)
  (func (export "detect") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (loop $more
      (br_if $more
        (i32.ne (table.grow $t (ref.null func) (i32.const 1000)) (i32.const -1))))
    i32.const 0))
