import Testing

@testable import Server

struct InFlightTests {
    /// Enters beside the test; says when it is in.
    private final class Entry: Sendable {
        private let state = Locked(false)
        var isIn: Bool { state.value }

        func enter(_ inFlight: InFlight, bytes: Int) async {
            await inFlight.enter(bytes: bytes)
            state.change { $0 = true }
        }
    }

    /// Lets other tasks run; what waits for room is still waiting afterwards.
    private func letOthersRun() async {
        for _ in 0..<1000 { await Task.yield() }
    }

    @Test func atTheBoundOfRequestsTheReaderWaits() async {
        let inFlight = InFlight(maximumRequests: 2, maximumBytes: 1000)
        await inFlight.enter(bytes: 1)
        await inFlight.enter(bytes: 1)
        let entry = Entry()
        await withDiscardingTaskGroup { group in
            group.addTask { await entry.enter(inFlight, bytes: 1) }
            await letOthersRun()
            #expect(!entry.isIn)
            inFlight.leave(bytes: 1)
        }
        #expect(entry.isIn)
    }

    @Test func atTheBoundOfBytesTheReaderWaits() async {
        let inFlight = InFlight(maximumRequests: 100, maximumBytes: 10)
        await inFlight.enter(bytes: 6)
        await inFlight.enter(bytes: 6)
        let entry = Entry()
        await withDiscardingTaskGroup { group in
            group.addTask { await entry.enter(inFlight, bytes: 1) }
            await letOthersRun()
            #expect(!entry.isIn)
            inFlight.leave(bytes: 6)
        }
        #expect(entry.isIn)
    }

    @Test func theBytesOfAnAnswerCountToo() async {
        let inFlight = InFlight(maximumRequests: 100, maximumBytes: 10)
        await inFlight.enter(bytes: 1)
        inFlight.add(bytes: 20)
        let entry = Entry()
        await withDiscardingTaskGroup { group in
            group.addTask { await entry.enter(inFlight, bytes: 1) }
            await letOthersRun()
            #expect(!entry.isIn)
            inFlight.leave(bytes: 21)
        }
        #expect(entry.isIn)
    }

    @Test func aRequestLargerThanTheBoundIsLetInAlone() async {
        let inFlight = InFlight(maximumRequests: 100, maximumBytes: 10)
        await inFlight.enter(bytes: 1_000_000)
        inFlight.leave(bytes: 1_000_000)
        await inFlight.enter(bytes: 1)
    }

    @Test func noRequestIsLostUnderLoad() async {
        let inFlight = InFlight(maximumRequests: 3, maximumBytes: 50)
        let inside = Locked((now: 0, most: 0))
        await withDiscardingTaskGroup { group in
            for index in 0..<5000 {
                await inFlight.enter(bytes: index % 30)
                inside.change { inside in
                    inside.now += 1
                    inside.most = max(inside.most, inside.now)
                }
                group.addTask {
                    if index % 7 == 0 { await Task.yield() }
                    inside.change { $0.now -= 1 }
                    inFlight.leave(bytes: index % 30)
                }
            }
        }
        #expect(inside.value.now == 0)
        #expect((1...3).contains(inside.value.most))
    }
}
