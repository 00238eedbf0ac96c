;; Reaches for the network. Toolchains import it unasked, so it may be there; not used.
(import "wasi:sockets/network@0.2.0" (instance $network (export "network" (type (sub resource)))))
(alias export $network "network" (type $net))
(import "wasi:sockets/instance-network@0.2.0" (instance $instance-network
  (export "instance-network" (func (result (own $net))))))
;; As a real toolchain declares it: with a resource of an interface that is linked.
(import "wasi:io/poll@0.2.0" (instance $poll (export "pollable" (type (sub resource)))))
(alias export $poll "pollable" (type $poll-pollable))
(import "wasi:sockets/tcp@0.2.0" (instance
  (export "tcp-socket" (type $tcp-socket (sub resource)))
  (export "pollable" (type $pollable (eq $poll-pollable)))
  (export "network" (type $n (eq $net)))
  (export "[method]tcp-socket.subscribe"
    (func (param "self" (borrow $tcp-socket)) (result (own $pollable))))))
(core func $get (canon lower (func $instance-network "instance-network")))
(core instance $wasi (export "network" (func $get)))
(core module $main
  (import "wasi" "network" (func $network (result i32)))
  (func (export "detect") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (drop (call $network))
    i32.const 0))
