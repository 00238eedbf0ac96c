//! A container without a network.

use super::Test;
use super::lane::Lane;
use crate::parameterized;

/// Connects to a port of the host's loopback, and to one of the container's own.
const SCRIPT: &str = "import socket, sys
own = socket.create_server(('127.0.0.1', 0))
socket.create_connection(own.getsockname(), 9).close()
print('own works')
try:
    socket.create_connection(('127.0.0.1', int(sys.argv[1])), 9).close()
    print('host reached')
except OSError:
    print('host unreachable')
print(len(open('/proc/net/route').readlines()) - 1, 'routes')
";

parameterized!(
    Test,
    fn without_a_network_only_its_own_loopback_is_reached(lane: &Lane) -> Outcome {
        let env = lane.env_with("src/");
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port().to_string();
        let run = |options: &[&str]| {
            lane.paude(&env, &[options, &["--", "python3", "-c", SCRIPT, &port]].concat())
        };
        let nothing = "own works\nhost unreachable\n0 routes\n";
        run(&["--network", "none"]).code(0).prints(nothing);
        env.write("paude.json", "{\"network\": \"none\"}");
        run(&[]).code(0).prints(nothing);
        if lane.is_native() {
            let open = run(&["--network", "engine"]).code(0).stdout();
            assert!(open.contains("host reached"), "{open}");
        } else {
            // An argument that says the same is no contradiction, another one is.
            run(&["--engine-arg=--network=none"]).code(0).prints(nothing);
            let host = run(&["--engine-arg=--network=host"]).code(2);
            host.says("`network` is `none`, but the engine argument `--network host` names one");
        }
        Ok(())
    },
    fn the_setup_has_none_either(lane: &Lane) -> Outcome {
        let env = lane.env_with("src/");
        let setup = "wc -l </proc/net/route >seen"; // the head of the table
        let args = ["--network", "none", "--setup", setup, "--", "cat", "seen"];
        lane.paude(&env, &args).code(0).prints("1\n");
        Ok(())
    }
);
