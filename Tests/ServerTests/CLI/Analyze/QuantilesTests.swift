import Testing

@testable import Server

struct QuantilesTests {
    private func quantiles(_ values: [Double], _ places: [Double] = [0.5, 0.95]) -> [Double?] {
        var quantiles = Quantiles(places, count: values.count)
        for value in values.sorted() { quantiles.add(value) }
        return quantiles.values
    }

    @Test func theyAreInterpolatedBetweenTwoValues() {
        #expect(quantiles([]) == [nil, nil])
        #expect(quantiles([7]) == [7, 7])
        #expect(quantiles([4, 1, 3, 2], [0, 0.5, 1]) == [1, 2.5, 4])
        let hundred = quantiles((1...100).map(Double.init))
        #expect(hundred[0] == 50.5)
        #expect(abs((hundred[1] ?? 0) - 95.05) < 1e-9)
    }

    @Test func aSpreadKnowsFirstAndLastByTime() {
        var spread = Spread()
        spread.add(2, at: 20)
        spread.add(1, at: 10)
        spread.add(6, at: 30)
        spread.add(3, at: 30)
        spread.add(nonFinite: "NaN")
        #expect(spread.first == 1)
        #expect(spread.last == 3)
        #expect(spread.minimum == 1)
        #expect(spread.maximum == 6)
        #expect(spread.average == 3)
        #expect(spread.count == 4)
        #expect(spread.nonFiniteText == "1 NaN")
        #expect(Spread().average == nil)
    }

    @Test func similarNamesAreFound() {
        let names = ["pong-1", "pong-12", "breakout-3", "selfplay"]
        #expect(Similarity.nearest(to: "pong1", among: names) == ["pong-1", "pong-12"])
        #expect(Similarity.nearest(to: "BREAK", among: names) == ["breakout-3"])
        #expect(Similarity.nearest(to: "zzzzzzz", among: names) == [])
        #expect(Similarity.nearest(to: "", among: names) == [])
        #expect(Similarity.distance(Array("kitten"), Array("sitting")) == 3)
    }
}
