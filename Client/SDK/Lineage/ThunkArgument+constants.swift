/// A plain value that is its own argument.
public protocol ConstantArgument: ThunkArgument where Value == Self {}

extension ConstantArgument {
    public var argumentValue: Self { self }
}

extension ConstantArgument where Self: FixedWidthInteger {
    public var argumentForm: ArgumentForm { .integer("\(self)") }
}

extension Int: ConstantArgument {}
extension Int8: ConstantArgument {}
extension Int16: ConstantArgument {}
extension Int32: ConstantArgument {}
extension Int64: ConstantArgument {}
extension UInt: ConstantArgument {}
extension UInt8: ConstantArgument {}
extension UInt16: ConstantArgument {}
extension UInt32: ConstantArgument {}
extension UInt64: ConstantArgument {}

extension Double: ConstantArgument {
    public var argumentForm: ArgumentForm { .number(self) }
}

extension Float: ConstantArgument {
    public var argumentForm: ArgumentForm { .number(Double(self)) }
}

extension Bool: ConstantArgument {
    public var argumentForm: ArgumentForm { .bool(self) }
}

extension String: ConstantArgument {
    public var argumentForm: ArgumentForm { .string(self) }
}

extension Optional: ThunkArgument where Wrapped: ThunkArgument {
    public var argumentValue: Wrapped.Value? { map(\.argumentValue) }

    public var argumentForm: ArgumentForm { get throws { try self?.argumentForm ?? .null } }
}

extension Array: ThunkArgument where Element: ThunkArgument {
    public var argumentValue: [Element.Value] { map(\.argumentValue) }

    public var argumentForm: ArgumentForm { get throws { .list(try map { try $0.argumentForm }) } }
}
