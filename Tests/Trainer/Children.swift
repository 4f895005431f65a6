import CFork
import Glibc

/// Processes forked from this one.
struct Children {
    private var ids: [pid_t] = []

    /// Runs the body in so many children, each of which ends as abruptly as training code's workers do.
    init(_ count: Int, _ body: (_ number: Int) throws -> Void) {
        for number in 0..<count {
            let id = cfork_fork()
            if id == 0 {
                do { try body(number) } catch { _exit(1) }
                _exit(0)
            }
            ids.append(id)
        }
    }

    /// Waits for all; how many did not end with code 0.
    func wait() -> Int {
        ids.count { id in
            var status: Int32 = 0
            while unsafe waitpid(id, &status, 0) < 0, errno == EINTR {}
            return status != 0
        }
    }
}
