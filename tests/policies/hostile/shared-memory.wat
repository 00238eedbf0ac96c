;; A shared memory, which no limit of a store counts.
(core module $main
  (memory 1 65536 shared)
  (func (export "detect") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    i32.const 0))
