package program

import (
	"fmt"
	"html/template"
	"reflect"
)

// test decides something.
type test func(f *frame, dot reflect.Value) bool

// tests are the functions of the language that are compiled to a test.
var tests = map[string]bool{"and": true, "or": true, "not": true, "eq": true, "ne": true, "lt": true, "gt": true}

// decide compiles one of tests.
func decide(name string, args []argument) (test, error) {
	n := len(args)
	switch {
	case (name == "and" || name == "or") && n > 0:
		return logic(name == "or", args), nil
	case name == "not" && n == 1:
		inner := args[0].truth()
		return func(f *frame, dot reflect.Value) bool { return !inner(f, dot) }, nil
	case name == "eq" && n > 1:
		return equal(args[0].expr, args[1:]), nil
	case name == "ne" && n == 2:
		other := equal(args[0].expr, args[1:])
		return func(f *frame, dot reflect.Value) bool { return !other(f, dot) }, nil
	case name == "lt" && n == 2:
		return func(f *frame, dot reflect.Value) bool { return order(args[0].expr(f, dot), args[1].expr(f, dot)) < 0 }, nil
	case name == "gt" && n == 2:
		return func(f *frame, dot reflect.Value) bool { return order(args[0].expr(f, dot), args[1].expr(f, dot)) > 0 }, nil
	}
	return nil, fmt.Errorf("%s of %d values is not compiled", name, n)
}

// logic returns whether all arguments are true, or any; those after the one that settles it are not computed.
func logic(settles bool, args []argument) test {
	parts := make([]test, len(args))
	for i, arg := range args {
		parts[i] = arg.truth()
	}
	return func(f *frame, dot reflect.Value) bool {
		for _, part := range parts {
			if part(f, dot) == settles {
				return settles
			}
		}
		return !settles
	}
}

// equal returns whether a value is one of others.
func equal(value expr, others []argument) test {
	return func(f *frame, dot reflect.Value) bool {
		v := value(f, dot)
		for _, other := range others {
			if same(v, other.expr(f, dot)) {
				return true
			}
		}
		return false
	}
}

// function compiles a call of a function of the language or of the pages.
func (c *compiler) function(name string, args []argument) (expr, error) {
	switch name {
	case "and", "or":
		return choice(name == "or", args), nil
	case "not", "eq", "ne", "lt", "gt":
		decides, err := decide(name, args)
		return func(f *frame, dot reflect.Value) reflect.Value { return reflect.ValueOf(decides(f, dot)) }, err
	case "len":
		if len(args) != 1 {
			return nil, fmt.Errorf("len of %d values", len(args))
		}
		return func(f *frame, dot reflect.Value) reflect.Value {
			v, isNil := indirect(args[0].expr(f, dot))
			if isNil || !v.IsValid() {
				fail("len of nil")
			}
			return reflect.ValueOf(v.Len())
		}, nil
	}
	function, ok := c.funcs[name]
	if !ok {
		return nil, fmt.Errorf("the function %s is not compiled", name)
	}
	if len(args) == 1 {
		if call := direct(name, function, args[0].expr); call != nil {
			return call, nil
		}
	}
	value := reflect.ValueOf(function)
	return func(f *frame, dot reflect.Value) reflect.Value { return invoke(name, value, f, dot, args) }, nil
}

// direct compiles a call without reflection of the functions that rows are full of; nil for another kind of function.
func direct(name string, function any, arg expr) expr {
	switch call := function.(type) {
	case func(string) (template.HTML, error):
		return func(f *frame, dot reflect.Value) reflect.Value {
			v := arg(f, dot)
			if v.Kind() != reflect.String {
				fail("%s of a value that is no text", name)
			}
			result, err := call(v.String())
			if err != nil {
				fail("%s: %w", name, err)
			}
			return reflect.ValueOf(result)
		}
	case func(any) (string, error):
		return func(f *frame, dot reflect.Value) reflect.Value {
			var given any
			if v := arg(f, dot); v.IsValid() {
				given = v.Interface()
			}
			result, err := call(given)
			if err != nil {
				fail("%s: %w", name, err)
			}
			return reflect.ValueOf(result)
		}
	}
	return nil
}

// choice returns the first value that is true, or with and the first that is not; else the last.
func choice(or bool, args []argument) expr {
	return func(f *frame, dot reflect.Value) (v reflect.Value) {
		for _, arg := range args {
			if v = arg.expr(f, dot); truth(v) == or {
				return v
			}
		}
		return v
	}
}

// truth reports whether a value is not empty, as text/template sees it.
func truth(v reflect.Value) bool {
	if v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Invalid:
		return false
	case reflect.String, reflect.Slice, reflect.Map, reflect.Array:
		return v.Len() > 0
	case reflect.Struct:
		return true
	}
	return !v.IsZero()
}

// same reports whether two values of one kind are equal.
func same(a, b reflect.Value) bool {
	a, b = unwrapped(a), unwrapped(b)
	switch {
	case a.Kind() == reflect.String && b.Kind() == reflect.String:
		return a.String() == b.String()
	case a.CanInt() && b.CanInt():
		return a.Int() == b.Int()
	case a.CanUint() && b.CanUint():
		return a.Uint() == b.Uint()
	case a.Kind() == reflect.Bool && b.Kind() == reflect.Bool:
		return a.Bool() == b.Bool()
	case !a.IsValid() || !b.IsValid():
		return a.IsValid() == b.IsValid()
	}
	fail("%s and %s are not compared", a.Type(), b.Type())
	return false
}

// order compares two numbers or two texts.
func order(a, b reflect.Value) int {
	a, b = unwrapped(a), unwrapped(b)
	less, more := false, false
	switch {
	case a.CanInt() && b.CanInt():
		less, more = a.Int() < b.Int(), a.Int() > b.Int()
	case a.Kind() == reflect.String && b.Kind() == reflect.String:
		less, more = a.String() < b.String(), a.String() > b.String()
	default:
		fail("values without an order")
	}
	switch {
	case less:
		return -1
	case more:
		return 1
	}
	return 0
}

// unwrapped takes a value out of an interface.
func unwrapped(v reflect.Value) reflect.Value {
	if v.Kind() == reflect.Interface {
		return v.Elem()
	}
	return v
}
