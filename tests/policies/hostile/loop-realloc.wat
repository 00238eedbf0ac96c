;; Never takes its question.
(core module $heap
  (memory (export "memory") 1)
  (func (export "realloc") (param i32 i32 i32 i32) (result i32)
    (loop $for_ever (br $for_ever))
    unreachable))
(core module $main
  (func (export "detect") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    i32.const 0))
