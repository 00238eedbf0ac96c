;; Wants what no host gives; its first code would never end.
(import "evil:host/run@1.0.0" (instance (export "run" (func (param "command" string)))))
(core module $main
  (start 0)
  (func (loop $for_ever (br $for_ever)))
  (func (export "detect") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    i32.const 0))
