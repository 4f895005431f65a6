/// What the server counts of itself while it works.
struct Meters: Sendable {
    /// One of the two doors.
    struct Door: Sendable {
        let requests: RequestMeter
        let traffic = Traffic()

        fileprivate init(methods: Set<String>) { requests = RequestMeter(methods: methods) }
    }

    let tcp: Door
    let http: Door
    let routes = RouteMeter()

    init(methods: Set<String>) {
        tcp = Door(methods: methods)
        http = Door(methods: methods)
    }

    var doors: [(name: String, door: Door)] { [("http", http), ("tcp", tcp)] }
}
