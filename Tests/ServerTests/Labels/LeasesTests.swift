import Testing

@testable import Server

extension Leases {
    /// Those of the images that somebody else holds.
    fileprivate func heldByOthers(
        than holder: String,
        among images: ClosedRange<Int64> = 1...3,
        at time: Double
    ) -> [Int64] {
        images.filter { isHeld($0, byOtherThan: holder, at: time) }
    }
}

struct LeasesTests {
    @Test func anImageIsInFrontOfOneAnnotatorOnly() {
        let leases = Leases()
        #expect(leases.take([1, 2], for: "ann", at: 0) == [1, 2])
        #expect(leases.take([2, 3], for: "ben", at: 1) == [3])
        #expect(leases.heldByOthers(than: "ben", at: 1) == [1, 2])
        #expect(leases.heldByOthers(than: "ann", at: 1) == [3])
        #expect(leases.heldByOthers(than: "eve", at: 1) == [1, 2, 3])
    }

    @Test func onesOwnImagesMayBeTakenAgain() {
        let leases = Leases()
        #expect(leases.take([1], for: "ann", at: 0) == [1])
        #expect(leases.take([1], for: "ann", at: 100) == [1])
        #expect(leases.heldByOthers(than: "ben", at: Leases.duration + 50) == [1])
    }

    @Test func leasesExpire() {
        let leases = Leases()
        _ = leases.take([1], for: "ann", at: 0)
        #expect(leases.heldByOthers(than: "ben", at: Leases.duration - 1) == [1])
        #expect(leases.heldByOthers(than: "ben", at: Leases.duration) == [])
        #expect(leases.take([1], for: "ben", at: Leases.duration) == [1])
    }

    @Test func aReleasedImageIsFree() {
        let leases = Leases()
        _ = leases.take([1, 2], for: "ann", at: 0)
        leases.release(of: "ann", [1])
        #expect(leases.take([1, 2], for: "ben", at: 0) == [1])
    }

    @Test func anImageJudgedMeanwhileIsNotTaken() {
        let leases = Leases()
        _ = leases.take([1, 2], for: "ann", at: 0)
        let (ben, eve) = (leases.beginLook(), leases.beginLook())
        leases.release(judged: 1)
        let later = leases.beginLook()
        #expect(leases.take([1, 3], for: "ben", at: 0, seenIn: ben) == [3])
        leases.end(ben)
        #expect(leases.take([1], for: "eve", at: 0, seenIn: eve) == [])
        leases.end(eve)
        // What is open to a look that began afterwards, such as when the judgement was undone, is open.
        #expect(leases.take([1], for: "eve", at: 0, seenIn: later) == [1])
        leases.end(later)
    }

    @Test func amongManyAtOnceEachImageGoesToOne() async {
        let leases = Leases()
        let taken = Locked<[Int64]>([])
        await withDiscardingTaskGroup { group in
            for annotator in 0..<16 {
                group.addTask {
                    let mine = leases.take(Array(0..<500), for: "annotator \(annotator)", at: 0)
                    taken.change { $0 += mine }
                }
            }
        }
        #expect(taken.value.sorted() == Array(0..<500))
    }

    @Test func leasesEndWithTheirConnection() {
        let leases = Leases()
        let life = ConnectionLife()
        _ = leases.take([1, 2], for: "ann", at: 0, connection: ObjectIdentifier(life))
        _ = leases.take([3], for: "ann", at: 0)
        life.onEnd(leases) { leases.release(of: ObjectIdentifier(life)) }
        #expect(leases.heldByOthers(than: "ben", at: 1) == [1, 2, 3])
        life.end()
        #expect(leases.heldByOthers(than: "ben", at: 1) == [3])
    }

    @Test func aHolderGivesBackItsOwnOnly() {
        let leases = Leases()
        _ = leases.take([1, 2], for: "ann", at: 0)
        _ = leases.take([3], for: "ben", at: 0)
        #expect(leases.held(by: "ann", among: [2, 3]) == [2])
        leases.release(of: "ann", [2, 3])
        #expect(leases.heldByOthers(than: "eve", at: 1) == [1, 3])
        #expect(leases.held(by: "ann", among: nil) == [1])
        leases.release(of: "ann", nil)
        #expect(leases.heldByOthers(than: "eve", at: 1) == [3])
    }
}
