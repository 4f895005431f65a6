import Testing

@testable import Server

struct WriteOrderTests {
    @Test func writesGetPlacesInTheOrderOfArrival() {
        let order = WriteOrder()
        #expect((0..<3).map { _ in order.arrive() } == [0, 1, 2])
        #expect(order.arrived == 3)
    }

    @Test func whoComesBehindNothingNeedNotWait() async {
        let order = WriteOrder()
        await order.wait(for: 0)
        _ = order.arrive()
        order.answer()
        await order.wait(for: order.arrived)
    }

    @Test func aRequestWaitsForExactlyTheWritesBeforeIt() async {
        let order = WriteOrder()
        let answered = Locked(0)
        await withDiscardingTaskGroup { group in
            for _ in 0..<500 {
                _ = order.arrive()
                let place = order.arrived
                group.addTask {
                    await order.wait(for: place)
                    #expect(answered.value >= place)
                }
            }
            group.addTask {
                for _ in 0..<500 {
                    answered.change { $0 += 1 }
                    order.answer()
                    await Task.yield()
                }
            }
        }
        #expect(answered.value == 500)
    }
}
