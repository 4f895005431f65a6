import Glibc

/// A process and its descendants, read parents first.
///
/// A descendant whose parent ended belongs to init from then on, and no longer to the tree.
struct ProcessTree: Sendable {
    private let root: pid_t
    private let proc: String
    private var known: [ProcessStat.Identity] = []
    private var allowance: Allowance

    /// - Parameter allowance: For looking for children, as a thousand threads have as many lists of them; by default a
    ///   thousandth of a core. When it is spent, new children are found later.
    init(root: pid_t, proc: String, allowance: Allowance = Allowance(share: 0.001, bound: 0.02)) {
        self.root = root
        self.proc = proc
        self.allowance = allowance
    }

    /// The processes as they are now; empty when the root is gone.
    mutating func read(at time: ContinuousClock.Instant, text: inout ProcText) -> [ProcessStat] {
        allowance.save(until: time)
        let processes: [ProcessStat]
        if allowance.isSpent {
            processes = readKnown(text: &text)
        } else {
            let start = Allowance.threadTime
            processes = walk(text: &text)
            allowance.spend(Allowance.threadTime - start)
        }
        known = processes.map(\.identity)
        return processes
    }

    /// The processes of the last time that are still there.
    private func readKnown(text: inout ProcText) -> [ProcessStat] {
        known.compactMap { identity in
            guard let process = ProcessStat(identity.pid, proc: proc, text: &text) else { return nil }
            return process.identity == identity ? process : nil
        }
    }

    private func walk(text: inout ProcText) -> [ProcessStat] {
        guard let first = ProcessStat(root, proc: proc, text: &text) else { return [] }
        // The lists of children exist where the kernel has CONFIG_PROC_CHILDREN; else every process is asked for its
        // parent.
        let hasLists = Folder.exists("\(proc)/\(root)/task/\(root)/children")
        let byParent = hasLists ? [:] : childrenByParent(text: &text)
        var processes = [first]
        var seen: Set<pid_t> = [root]
        var index = 0
        while index < processes.count {
            let parent = processes[index]
            index += 1
            let children = hasLists ? children(of: parent, text: &text) : byParent[parent.pid] ?? []
            for child in children where seen.insert(child).inserted {
                // Since the listing, the child may have ended and its pid may be another's.
                guard let process = ProcessStat(child, proc: proc, text: &text), process.parent == parent.pid else {
                    continue
                }
                processes.append(process)
            }
        }
        return processes
    }

    private func children(of process: ProcessStat, text: inout ProcText) -> [pid_t] {
        let folder = "\(proc)/\(process.pid)/task"
        // A child is in the list of the thread that forked it.
        let threads = process.threads > 1 ? Folder.numbers(in: folder) : [process.pid]
        var children: [pid_t] = []
        for thread in threads where text.load("\(folder)/\(thread)/children") {
            while let child = text.integer() {
                if let pid = pid_t(exactly: child) { children.append(pid) }
            }
        }
        return children
    }

    private func childrenByParent(text: inout ProcText) -> [pid_t: [pid_t]] {
        var children: [pid_t: [pid_t]] = [:]
        for pid in Folder.numbers(in: proc) {
            guard let process = ProcessStat(pid, proc: proc, text: &text) else { continue }
            children[process.parent, default: []].append(pid)
        }
        return children
    }
}
