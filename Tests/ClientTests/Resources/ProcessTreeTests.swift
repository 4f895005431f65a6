import Glibc
import Testing

@testable import Holdfast

struct ProcessTreeTests {
    private func pids(_ tree: inout ProcessTree) -> [pid_t] {
        var text = ProcText()
        return tree.read(at: .now, text: &text).map(\.pid)
    }

    @Test func descendantsAreFoundByTheirParents() throws {
        let system = try FakeSystem()
        try system.process(100, parent: 1)
        try system.process(101, parent: 100)
        try system.process(102, parent: 101)
        try system.process(103, parent: 1)
        var tree = ProcessTree(root: 100, proc: system.proc)
        #expect(pids(&tree) == [100, 101, 102])
    }

    @Test func listsOfChildrenOfAllThreadsAreFollowed() throws {
        let system = try FakeSystem()
        try system.process(100, parent: 1, threads: 2)
        try system.write("proc/100/task/100/children", "201 ")
        try system.write("proc/100/task/150/children", "202 ")
        try system.process(201, parent: 100)
        try system.write("proc/201/task/201/children", "301 999 ")
        try system.process(202, parent: 100)
        try system.process(301, parent: 201)
        try system.process(999, parent: 1)
        var tree = ProcessTree(root: 100, proc: system.proc)
        #expect(Set(pids(&tree)) == [100, 201, 202, 301], "999 is another's by now")
    }

    @Test(arguments: ["a) S 1 1 1 (b", "with space", "line\nfeed", ")", ""])
    func commandsHoldAnything(command: String) throws {
        let system = try FakeSystem()
        try system.process(100, parent: 7, command: command, user: 3, system: 4, waited: 5, threads: 2, start: 8)
        var text = ProcText()
        let process = try #require(ProcessStat(100, proc: system.proc, text: &text))
        #expect(process.parent == 7)
        #expect(process.own == 7)
        #expect(process.waited == 5)
        #expect(process.threads == 2)
        #expect(process.identity == ProcessStat.Identity(pid: 100, start: 8))
    }

    @Test func aTreeWithoutRootIsEmpty() throws {
        let system = try FakeSystem()
        try system.process(101, parent: 100)
        var tree = ProcessTree(root: 100, proc: system.proc)
        #expect(pids(&tree).isEmpty)
    }

    @Test func betweenSearchesKnownProcessesAreReadAgain() throws {
        let system = try FakeSystem()
        try system.process(100, parent: 1)
        for pid: pid_t in [101, 102, 103] { try system.process(pid, start: 1000) }
        // Enough for one search, and the next in years.
        let allowance = Allowance(share: 1e-12, bound: 1e-9)
        var tree = ProcessTree(root: 100, proc: system.proc, allowance: allowance)
        #expect(Set(pids(&tree)) == [100, 101, 102, 103])
        try system.end(102)
        try system.process(103, start: 2000)
        try system.process(104)
        #expect(pids(&tree) == [100, 101])
    }
}
