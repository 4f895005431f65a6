/// What goes through one door.
final class Traffic: Sendable {
    /// Connections that are open, and all that ever were.
    let open = Tally()
    let accepted = Tally()
    /// Bytes; those of the HTTP door are of bodies.
    let received = Tally()
    let sent = Tally()

    func opened() {
        open.add()
        accepted.add()
    }

    func closed() { open.add(-1) }
}
