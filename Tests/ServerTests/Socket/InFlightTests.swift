import Testing

@testable import Server

struct InFlightTests {
    private func make(requests: Int = 100, bytes: Int, memory: Int = 1 << 30) -> InFlight {
        InFlight(maximumRequests: requests, maximumBytes: bytes, memory: AnswerMemory(maximum: memory))
    }

    /// Enters beside the test; says when it is in.
    private final class Entry: Sendable {
        private let state = Locked(false)
        var isIn: Bool { state.value }

        func enter(_ inFlight: InFlight, bytes: Int) async {
            await inFlight.enter(bytes: bytes)
            state.change { $0 = true }
        }

        func begin(_ inFlight: InFlight) async {
            await inFlight.beginAnswer()
            state.change { $0 = true }
        }
    }

    /// Lets other tasks run; what waits for room is still waiting afterwards.
    private func letOthersRun() async {
        for _ in 0..<1000 { await Task.yield() }
    }

    @Test func atTheBoundOfRequestsTheReaderWaits() async {
        let inFlight = make(requests: 2, bytes: 1000)
        await inFlight.enter(bytes: 1)
        await inFlight.enter(bytes: 1)
        let entry = Entry()
        await withDiscardingTaskGroup { group in
            group.addTask { await entry.enter(inFlight, bytes: 1) }
            await letOthersRun()
            #expect(!entry.isIn)
            inFlight.leave(.init(request: 1))
        }
        #expect(entry.isIn)
    }

    @Test func atTheBoundOfBytesTheReaderWaits() async {
        let inFlight = make(requests: 100, bytes: 10)
        await inFlight.enter(bytes: 6)
        await inFlight.enter(bytes: 6)
        let entry = Entry()
        await withDiscardingTaskGroup { group in
            group.addTask { await entry.enter(inFlight, bytes: 1) }
            await letOthersRun()
            #expect(!entry.isIn)
            inFlight.leave(.init(request: 6))
        }
        #expect(entry.isIn)
    }

    @Test func theBytesOfAnAnswerCountToo() async {
        let inFlight = make(requests: 100, bytes: 10)
        await inFlight.enter(bytes: 1)
        inFlight.made(bytes: 20, isBegun: false)
        let entry = Entry()
        await withDiscardingTaskGroup { group in
            group.addTask { await entry.enter(inFlight, bytes: 1) }
            await letOthersRun()
            #expect(!entry.isIn)
            inFlight.leave(.init(request: 1, answer: 20))
        }
        #expect(entry.isIn)
    }

    @Test func aRequestLargerThanTheBoundIsLetInAlone() async {
        let inFlight = make(requests: 100, bytes: 10)
        await inFlight.enter(bytes: 1_000_000)
        inFlight.leave(.init(request: 1_000_000))
        await inFlight.enter(bytes: 1)
    }

    @Test func noRequestIsLostUnderLoad() async {
        let inFlight = make(requests: 3, bytes: 50)
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
                    inFlight.leave(.init(request: index % 30))
                }
            }
        }
        #expect(inside.value.now == 0)
        #expect((1...3).contains(inside.value.most))
    }

    @Test func answersThatAreNotSentHoldUpTheNext() async {
        let expected = AnswerMemory.expected
        let inFlight = make(bytes: 3 * expected)
        for _ in 0..<4 { await inFlight.enter(bytes: 1) }
        await inFlight.beginAnswer()
        await inFlight.beginAnswer()
        inFlight.made(bytes: 3 * expected, isBegun: true)
        inFlight.made(bytes: 10, isBegun: true)
        let entry = Entry()
        await withDiscardingTaskGroup { group in
            group.addTask { await entry.begin(inFlight) }
            await letOthersRun()
            #expect(!entry.isIn)
            inFlight.leave(.init(request: 1, answer: 3 * expected))
        }
        #expect(entry.isIn)
    }

    @Test func whereOthersHoldTheMemoryThereIsOneAnswerAtATime() async {
        let memory = AnswerMemory(maximum: 100)
        let others = InFlight(maximumRequests: 100, maximumBytes: 1 << 30, memory: memory)
        let inFlight = InFlight(maximumRequests: 100, maximumBytes: 1 << 30, memory: memory)
        await others.beginAnswer()
        await inFlight.beginAnswer()
        inFlight.made(bytes: 10, isBegun: true)
        let entry = Entry()
        await withDiscardingTaskGroup { group in
            group.addTask { await entry.begin(inFlight) }
            await letOthersRun()
            #expect(!entry.isIn)
            inFlight.leave(.init(request: 0, answer: 10))
        }
        #expect(entry.isIn)
    }
}
