;; Writes to the terminal, and answers as if nothing had been.
(core module $main
  (import "heap" "memory" (memory 1))
  (import "wasi" "get-stdout" (func $get-stdout (result i32)))
  (import "wasi" "get-stderr" (func $get-stderr (result i32)))
  (import "wasi" "print" (func $print (param i32 i32 i32 i32)))
  (data (i32.const 1024) "\1b]0;owned\07 printed by the policy\n")
  (func (export "detect") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (call $print (call $get-stdout) (i32.const 1024) (i32.const 32) (i32.const 64))
    (call $print (call $get-stderr) (i32.const 1024) (i32.const 32) (i32.const 64))
    i32.const 0))
