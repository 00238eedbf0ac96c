;; Sleeps for an hour.
(core module $main
  (import "wasi" "subscribe-duration" (func $subscribe-duration (param i64) (result i32)))
  (import "wasi" "block" (func $block (param i32)))
  (func (export "detect") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (call $block (call $subscribe-duration (i64.const 3_600_000_000_000)))
    i32.const 0))
