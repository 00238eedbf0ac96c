  ;; What hostile policies import of WASI; the core functions stand in `$wasi`.
  (import "wasi:io/error@0.2.0" (instance $io_error
    (export "error" (type (sub resource)))))
  (alias export $io_error "error" (type $error))
  (import "wasi:io/poll@0.2.0" (instance $io_poll
    (export "pollable" (type $pollable (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
  (alias export $io_poll "pollable" (type $pollable))
  (import "wasi:io/streams@0.2.0" (instance $io_streams
    (export "input-stream" (type $input_stream (sub resource)))
    (export "output-stream" (type $output_stream (sub resource)))
    (type $stream_error' (variant (case "last-operation-failed" (own $error)) (case "closed")))
    (export "stream-error" (type $stream_error (eq $stream_error')))
    (export "[method]output-stream.blocking-write-and-flush"
      (func (param "self" (borrow $output_stream)) (param "contents" (list u8))
        (result (result (error $stream_error)))))))
  (alias export $io_streams "output-stream" (type $output_stream))
  (import "wasi:cli/stdout@0.2.0" (instance $cli_stdout
    (export "get-stdout" (func (result (own $output_stream))))))
  (import "wasi:cli/stderr@0.2.0" (instance $cli_stderr
    (export "get-stderr" (func (result (own $output_stream))))))
  (import "wasi:cli/environment@0.2.0" (instance $cli_environment
    (export "get-environment" (func (result (list (tuple string string)))))
    (export "get-arguments" (func (result (list string))))
    (export "initial-cwd" (func (result (option string))))))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (export "subscribe-duration" (func (param "when" u64) (result (own $pollable))))))
  (import "wasi:random/random@0.2.0" (instance $random
    (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))
  (import "wasi:filesystem/types@0.2.0" (instance $fs
    (export "descriptor" (type $d (sub resource)))
    (type $error_code' (enum
      "access" "would-block" "already" "bad-descriptor" "busy" "deadlock" "quota" "exist"
      "file-too-large" "illegal-byte-sequence" "in-progress" "interrupted" "invalid" "io"
      "is-directory" "loop" "too-many-links" "message-size" "name-too-long" "no-device"
      "no-entry" "no-lock" "insufficient-memory" "insufficient-space" "not-directory" "not-empty"
      "not-recoverable" "unsupported" "no-tty" "no-such-device" "overflow" "not-permitted" "pipe"
      "read-only" "invalid-seek" "text-file-busy" "cross-device"))
    (export "error-code" (type $error_code (eq $error_code')))
    (type $path_flags' (flags "symlink-follow"))
    (export "path-flags" (type $path_flags (eq $path_flags')))
    (type $open_flags' (flags "create" "directory" "exclusive" "truncate"))
    (export "open-flags" (type $open_flags (eq $open_flags')))
    (type $descriptor_flags' (flags
      "read" "write" "file-integrity-sync" "data-integrity-sync" "requested-write-sync"
      "mutate-directory"))
    (export "descriptor-flags" (type $descriptor_flags (eq $descriptor_flags')))
    (type $datetime' (record (field "seconds" u64) (field "nanoseconds" u32)))
    (export "datetime" (type $datetime (eq $datetime')))
    (type $new_timestamp' (variant (case "no-change") (case "now") (case "timestamp" $datetime)))
    (export "new-timestamp" (type $new_timestamp (eq $new_timestamp')))
    (export "[method]descriptor.open-at"
      (func (param "self" (borrow $d)) (param "path-flags" $path_flags) (param "path" string)
        (param "open-flags" $open_flags) (param "flags" $descriptor_flags)
        (result (result (own $d) (error $error_code)))))
    (export "[method]descriptor.create-directory-at"
      (func (param "self" (borrow $d)) (param "path" string)
        (result (result (error $error_code)))))
    (export "[method]descriptor.unlink-file-at"
      (func (param "self" (borrow $d)) (param "path" string)
        (result (result (error $error_code)))))
    (export "[method]descriptor.remove-directory-at"
      (func (param "self" (borrow $d)) (param "path" string)
        (result (result (error $error_code)))))
    (export "[method]descriptor.rename-at"
      (func (param "self" (borrow $d)) (param "old-path" string)
        (param "new-descriptor" (borrow $d)) (param "new-path" string)
        (result (result (error $error_code)))))
    (export "[method]descriptor.symlink-at"
      (func (param "self" (borrow $d)) (param "old-path" string) (param "new-path" string)
        (result (result (error $error_code)))))
    (export "[method]descriptor.link-at"
      (func (param "self" (borrow $d)) (param "old-path-flags" $path_flags)
        (param "old-path" string) (param "new-descriptor" (borrow $d)) (param "new-path" string)
        (result (result (error $error_code)))))
    (export "[method]descriptor.set-times-at"
      (func (param "self" (borrow $d)) (param "path-flags" $path_flags) (param "path" string)
        (param "data-access-timestamp" $new_timestamp)
        (param "data-modification-timestamp" $new_timestamp)
        (result (result (error $error_code)))))
    (export "[method]descriptor.set-times"
      (func (param "self" (borrow $d)) (param "data-access-timestamp" $new_timestamp)
        (param "data-modification-timestamp" $new_timestamp)
        (result (result (error $error_code)))))
    (export "[method]descriptor.set-size"
      (func (param "self" (borrow $d)) (param "size" u64)
        (result (result (error $error_code)))))
    (export "[method]descriptor.write"
      (func (param "self" (borrow $d)) (param "buffer" (list u8)) (param "offset" u64)
        (result (result u64 (error $error_code)))))
    (export "[method]descriptor.write-via-stream"
      (func (param "self" (borrow $d)) (param "offset" u64)
        (result (result (own $output_stream) (error $error_code)))))
    (export "[method]descriptor.append-via-stream"
      (func (param "self" (borrow $d))
        (result (result (own $output_stream) (error $error_code)))))))
  (alias export $fs "descriptor" (type $descriptor))
  (import "wasi:filesystem/preopens@0.2.0" (instance $preopens
    (export "get-directories" (func (result (list (tuple (own $descriptor) string)))))))
  (alias core export $h "memory" (core memory $memory))
  (alias core export $h "realloc" (core func $realloc))
  (core func $open-at (canon lower (func $fs "[method]descriptor.open-at") (memory $memory) (realloc $realloc)))
  (core func $create-directory-at (canon lower (func $fs "[method]descriptor.create-directory-at") (memory $memory) (realloc $realloc)))
  (core func $unlink-file-at (canon lower (func $fs "[method]descriptor.unlink-file-at") (memory $memory) (realloc $realloc)))
  (core func $remove-directory-at (canon lower (func $fs "[method]descriptor.remove-directory-at") (memory $memory) (realloc $realloc)))
  (core func $rename-at (canon lower (func $fs "[method]descriptor.rename-at") (memory $memory) (realloc $realloc)))
  (core func $symlink-at (canon lower (func $fs "[method]descriptor.symlink-at") (memory $memory) (realloc $realloc)))
  (core func $link-at (canon lower (func $fs "[method]descriptor.link-at") (memory $memory) (realloc $realloc)))
  (core func $set-times-at (canon lower (func $fs "[method]descriptor.set-times-at") (memory $memory) (realloc $realloc)))
  (core func $set-times (canon lower (func $fs "[method]descriptor.set-times") (memory $memory) (realloc $realloc)))
  (core func $set-size (canon lower (func $fs "[method]descriptor.set-size") (memory $memory) (realloc $realloc)))
  (core func $write (canon lower (func $fs "[method]descriptor.write") (memory $memory) (realloc $realloc)))
  (core func $write-via-stream (canon lower (func $fs "[method]descriptor.write-via-stream") (memory $memory) (realloc $realloc)))
  (core func $append-via-stream (canon lower (func $fs "[method]descriptor.append-via-stream") (memory $memory) (realloc $realloc)))
  (core func $get-directories (canon lower (func $preopens "get-directories") (memory $memory) (realloc $realloc)))
  (core func $get-environment (canon lower (func $cli_environment "get-environment") (memory $memory) (realloc $realloc)))
  (core func $get-arguments (canon lower (func $cli_environment "get-arguments") (memory $memory) (realloc $realloc)))
  (core func $initial-cwd (canon lower (func $cli_environment "initial-cwd") (memory $memory) (realloc $realloc)))
  (core func $get-random-bytes (canon lower (func $random "get-random-bytes") (memory $memory) (realloc $realloc)))
  (core func $get-stdout (canon lower (func $cli_stdout "get-stdout")))
  (core func $get-stderr (canon lower (func $cli_stderr "get-stderr")))
  (core func $print (canon lower (func $io_streams "[method]output-stream.blocking-write-and-flush") (memory $memory) (realloc $realloc)))
  (core func $subscribe-duration (canon lower (func $clock "subscribe-duration")))
  (core func $block (canon lower (func $io_poll "[method]pollable.block")))
  (core instance $wasi
    (export "open-at" (func $open-at))
    (export "create-directory-at" (func $create-directory-at))
    (export "unlink-file-at" (func $unlink-file-at))
    (export "remove-directory-at" (func $remove-directory-at))
    (export "rename-at" (func $rename-at))
    (export "symlink-at" (func $symlink-at))
    (export "link-at" (func $link-at))
    (export "set-times-at" (func $set-times-at))
    (export "set-times" (func $set-times))
    (export "set-size" (func $set-size))
    (export "write" (func $write))
    (export "write-via-stream" (func $write-via-stream))
    (export "append-via-stream" (func $append-via-stream))
    (export "get-directories" (func $get-directories))
    (export "get-environment" (func $get-environment))
    (export "get-arguments" (func $get-arguments))
    (export "initial-cwd" (func $initial-cwd))
    (export "get-random-bytes" (func $get-random-bytes))
    (export "get-stdout" (func $get-stdout))
    (export "get-stderr" (func $get-stderr))
    (export "print" (func $print))
    (export "subscribe-duration" (func $subscribe-duration))
    (export "block" (func $block)))
