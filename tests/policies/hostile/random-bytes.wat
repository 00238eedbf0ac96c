;; Asks for more random bytes than it has memory for.
(core module $main
  (import "wasi" "get-random-bytes" (func $get-random-bytes (param i64 i32)))
  (func (export "detect") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (call $get-random-bytes (i64.const 1_000_000_000) (i32.const 64))
    i32.const 0))
