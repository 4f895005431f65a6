/// The unit of the time axis.
enum TimeScale: String {
    case seconds
    case minutes
    case hours

    init(length: Double) {
        switch length {
        case ...180: self = .seconds
        case ...10800: self = .minutes
        default: self = .hours
        }
    }

    /// How many seconds the unit has.
    var seconds: Double {
        switch self {
        case .seconds: 1
        case .minutes: 60
        case .hours: 3600
        }
    }
}
