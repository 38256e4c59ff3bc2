package program

import (
	"fmt"
	"html/template"
	"reflect"
	"text/template/parse"
)

// test decides something.
type test func(f *frame, dot reflect.Value) bool

// pipeTest compiles a pipeline of which only the truth matters.
func (c *compiler) pipeTest(p *parse.PipeNode) (test, error) {
	if len(p.Decl) == 0 && len(p.Cmds) == 1 {
		if name, is := p.Cmds[0].Args[0].(*parse.IdentifierNode); is && tests[name.Ident] {
			return c.test(name.Ident, p.Cmds[0].Args[1:])
		}
	}
	value, err := c.pipe(p)
	return func(f *frame, dot reflect.Value) bool { return truth(value(f, dot)) }, err
}

// operandTest compiles an operand of which only the truth matters.
func (c *compiler) operandTest(node parse.Node) (test, error) {
	if p, is := node.(*parse.PipeNode); is {
		return c.pipeTest(p)
	}
	value, err := c.operand(node)
	return func(f *frame, dot reflect.Value) bool { return truth(value.expr(f, dot)) }, err
}

// tests are the functions of the language that are compiled to a test.
var tests = map[string]bool{"and": true, "or": true, "not": true, "eq": true, "ne": true, "lt": true, "gt": true}

func (c *compiler) test(name string, nodes []parse.Node) (test, error) {
	switch name {
	case "and", "or", "not":
		return c.logic(name, nodes)
	}
	if len(nodes) < 2 || name != "eq" && len(nodes) > 2 {
		return nil, fmt.Errorf("%s of %d values is not compiled", name, len(nodes))
	}
	values := make([]expr, len(nodes))
	for i, node := range nodes {
		value, err := c.operand(node)
		if err != nil {
			return nil, err
		}
		values[i] = value.expr
	}
	first, others := values[0], values[1:]
	switch name {
	case "lt", "gt":
		sign := map[string]int{"lt": -1, "gt": 1}[name]
		return func(f *frame, dot reflect.Value) bool { return order(first(f, dot), others[0](f, dot)) == sign }, nil
	case "ne":
		return func(f *frame, dot reflect.Value) bool { return !same(first(f, dot), others[0](f, dot)) }, nil
	}
	return func(f *frame, dot reflect.Value) bool {
		v := first(f, dot)
		for _, other := range others {
			if same(v, other(f, dot)) {
				return true
			}
		}
		return false
	}, nil
}

func (c *compiler) logic(name string, nodes []parse.Node) (test, error) {
	parts := make([]test, len(nodes))
	for i, node := range nodes {
		var err error
		if parts[i], err = c.operandTest(node); err != nil {
			return nil, err
		}
	}
	switch {
	case len(parts) == 0 || name == "not" && len(parts) > 1:
		return nil, fmt.Errorf("%s of %d values", name, len(parts))
	case name == "not":
		return func(f *frame, dot reflect.Value) bool { return !parts[0](f, dot) }, nil
	}
	end := name == "or" // the truth that ends it
	return func(f *frame, dot reflect.Value) bool {
		for _, part := range parts {
			if part(f, dot) == end {
				return end
			}
		}
		return !end
	}, nil
}

// function compiles a call of a function of the language or of the pages.
func (c *compiler) function(name string, args []argument) (expr, error) {
	switch name {
	case "and", "or":
		return choice(name == "or", args), nil
	case "not", "eq", "ne", "lt", "gt":
		return compared(name, args)
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

// compared compiles a comparison as a value.
func compared(name string, args []argument) (expr, error) {
	if name == "not" && len(args) == 1 {
		return func(f *frame, dot reflect.Value) reflect.Value { return reflect.ValueOf(!truth(args[0].expr(f, dot))) }, nil
	}
	if name == "not" || len(args) != 2 {
		return nil, fmt.Errorf("%s of %d values is not compiled", name, len(args))
	}
	return func(f *frame, dot reflect.Value) reflect.Value {
		a, b := args[0].expr(f, dot), args[1].expr(f, dot)
		switch name {
		case "eq":
			return reflect.ValueOf(same(a, b))
		case "ne":
			return reflect.ValueOf(!same(a, b))
		case "lt":
			return reflect.ValueOf(order(a, b) < 0)
		}
		return reflect.ValueOf(order(a, b) > 0)
	}, nil
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
