/// The version of the server, as `hello`, `--version` and new files give it.
let holdfastVersion = "0.1.0"
