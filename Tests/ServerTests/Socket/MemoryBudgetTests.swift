import Dispatch
import Testing

@testable import Server

struct MemoryBudgetTests {
    /// Reservations as they are granted.
    private final class Grants: Sendable {
        private let held = Locked<[(name: Int, reservation: MemoryBudget.Reservation)]>([])
        private let granted = Locked<[Int]>([])

        var order: [Int] { granted.value }

        func ask(_ budget: MemoryBudget, _ bytes: Int, as name: Int) {
            budget.reserve(bytes) { reservation in
                self.granted.change { $0.append(name) }
                self.held.change { $0.append((name, reservation)) }
            }
        }

        func give(back name: Int) {
            // Outside of the lock: the end of a reservation grants the next one.
            let ended = held.change { held in
                let ended = held.filter { $0.name == name }
                held.removeAll { $0.name == name }
                return ended
            }
            withExtendedLifetime(ended) {}
        }
    }

    @Test func whatThereIsIsGrantedAtOnce() {
        let budget = MemoryBudget(bytes: 10)
        let grants = Grants()
        for name in 0..<5 { grants.ask(budget, 2, as: name) }
        #expect(grants.order == [0, 1, 2, 3, 4])
        grants.ask(budget, 1, as: 5)
        #expect(grants.order.count == 5)
        grants.give(back: 3)
        #expect(grants.order.last == 5)
    }

    @Test func aSmallRequestDoesNotOvertakeALargeOne() {
        let budget = MemoryBudget(bytes: 10)
        let grants = Grants()
        grants.ask(budget, 6, as: 0)
        grants.ask(budget, 8, as: 1)
        grants.ask(budget, 1, as: 2)
        #expect(grants.order == [0])
        grants.give(back: 0)
        #expect(grants.order == [0, 1, 2])
    }

    @Test func moreThanThereIsCountsAsAllThereIs() {
        let budget = MemoryBudget(bytes: 10)
        let grants = Grants()
        grants.ask(budget, 1_000, as: 0)
        grants.ask(budget, 1, as: 1)
        #expect(grants.order == [0])
        grants.give(back: 0)
        #expect(grants.order == [0, 1])
    }

    @Test func underLoadEverybodyGetsMemoryAndTheBudgetIsKept() async {
        let budget = MemoryBudget(bytes: 100)
        let used = Locked((now: 0, most: 0, grants: 0))
        let all = DispatchGroup()
        await withDiscardingTaskGroup { group in
            for index in 0..<2000 {
                let bytes = 1 + index * 37 % 60
                all.enter()
                group.addTask {
                    budget.reserve(bytes) { reservation in
                        used.change { used in
                            used.now += bytes
                            used.most = max(used.most, used.now)
                            used.grants += 1
                        }
                        // Given back by another thread, a little later.
                        DispatchQueue.global().async {
                            used.change { $0.now -= bytes }
                            withExtendedLifetime(reservation) {}
                            all.leave()
                        }
                    }
                }
            }
        }
        await withCheckedContinuation { continuation in
            all.notify(queue: .global()) { continuation.resume() }
        }
        #expect(used.value.grants == 2000)
        #expect(used.value.now == 0)
        #expect((1...100).contains(used.value.most))
    }
}
