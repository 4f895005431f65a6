/// How a method returns its arrays.
public enum ArrayEncoding: String, Choice {
    /// Behind the JSON; the default over TCP.
    case attachment
    /// Inside the JSON; the default, and the only way, over HTTP.
    case base64
}

/// A method whose result has arrays, and whose caller may choose how they travel.
public protocol ReturnsArrays {
    var arrayEncoding: ArrayEncoding? { get }
}
