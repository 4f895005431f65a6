import NIOCore
import Testing

@testable import Server

struct BlockPoolTests {
    private let size = BlockPool.smallest

    /// Where a block's memory is.
    private func address(_ block: ByteBuffer) -> Int {
        unsafe block.withVeryUnsafeBytes { Int(bitPattern: $0.baseAddress) }
    }

    /// Takes a block, keeps it again, and says where it is.
    private func keptBlock(of size: Int, in pool: BlockPool) -> Int {
        let block = pool.take(size)
        pool.keep(block)
        return address(block)
    }

    @Test func theBlockOfOneRequestIsTheNextOnes() {
        let pool = BlockPool()
        let place = keptBlock(of: size, in: pool)
        let next = pool.take(size)
        #expect(address(next) == place)
        #expect(next.readableBytes == 0 && next.writableBytes >= size)
        #expect(pool.keptBytes == 0)
    }

    @Test func nobodyGetsABlockOfWhichSomebodyHoldsAPart() throws {
        let pool = BlockPool()
        var block = pool.take(size)
        block.writeRepeatingByte(1, count: size)
        var part = block.readSlice(length: 10)
        let place = address(block)
        block = ByteBuffer()
        pool.keep(try #require(part))
        #expect(address(pool.take(size)) != place)
        #expect(part?.readableBytesView.allSatisfy { $0 == 1 } == true)
        part = nil
        #expect(address(pool.take(size)) == place)
    }

    @Test func theBlockThatWasUsedLastComesFirst() {
        let pool = BlockPool()
        let places = [pool.take(size), pool.take(size)].map { block in
            pool.keep(block)
            return address(block)
        }
        #expect(places[0] != places[1])
        #expect(address(pool.take(size)) == places[1])
        #expect(address(pool.take(size)) == places[0])
    }

    @Test func aBlockFitsItsRequest() {
        let pool = BlockPool()
        let place = keptBlock(of: 4 * size, in: pool)
        #expect(address(pool.take(size / 2)) != place, "most of it would be of no use")
        #expect(address(pool.take(5 * size)) != place, "it is too small")
        #expect(address(pool.take(3 * size)) == place)
    }

    @Test func smallBlocksAreNotKept() {
        let pool = BlockPool()
        pool.keep(pool.take(size / 2))
        #expect(pool.keptBytes == 0)
    }

    @Test func itKeepsNoMoreThanItsCapacity() {
        let pool = BlockPool(capacity: 3 * size)
        let blocks = (0..<5).map { _ in pool.take(size) }
        for block in blocks { pool.keep(block) }
        #expect(pool.keptBytes == 3 * size)
        pool.keep(pool.take(4 * size))
        #expect(pool.keptBytes == 3 * size)
    }

    @Test func whatIsNotUsedForAWhileIsGivenBack() {
        let pool = BlockPool()
        _ = keptBlock(of: size, in: pool)
        #expect(!pool.age())
        #expect(pool.keptBytes > 0)
        _ = keptBlock(of: size, in: pool)
        #expect(!pool.age(), "it was used in between")
        #expect(pool.age())
        #expect(pool.keptBytes == 0)
        #expect(!pool.age())
    }

    @Test func aRequestsBlockIsKeptOnceItIsDone() {
        let pool = BlockPool()
        MemoryBudget(bytes: size).reserve(size) { reservation in
            var block = pool.take(size)
            block.writeRepeatingByte(1, count: size)
            let memory = FrameMemory(reservation, part: block, blocks: pool)
            #expect(pool.keptBytes == 0)
            memory.recycle()
            #expect(pool.keptBytes > 0)
            memory.recycle()
            #expect(pool.keptBytes == block.storageCapacity, "once is enough")
        }
        #expect(pool.keptBytes == size, "and not again when the request is answered")
    }
}
