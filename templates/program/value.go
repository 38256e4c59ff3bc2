package program

import (
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"text/template/parse"
)

// expr computes a value. The zero Value is one that is missing.
type expr func(f *frame, dot reflect.Value) reflect.Value

// pipe compiles a pipeline with the variables that it declares or assigns.
func (c *compiler) pipe(p *parse.PipeNode) (expr, error) {
	value, err := c.commands(p.Cmds)
	if err != nil || len(p.Decl) == 0 {
		return value, err
	}
	name := p.Decl[0].Ident[0]
	if len(p.Decl) > 1 {
		return nil, fmt.Errorf("two variables of one pipeline are not compiled")
	}
	var slot int
	if p.IsAssign {
		if slot, err = c.slotOf(name); err != nil {
			return nil, err
		}
	} else {
		slot = c.declare(name)
	}
	return func(f *frame, dot reflect.Value) reflect.Value {
		v := value(f, dot)
		f.stack[f.base+slot] = v
		return v
	}, nil
}

// slotOf returns where the innermost variable of a name is kept.
func (c *compiler) slotOf(name string) (int, error) {
	for i := len(c.scope) - 1; i >= 0; i-- {
		if c.scope[i].name == name {
			return c.scope[i].slot, nil
		}
	}
	return 0, fmt.Errorf("no variable %s", name)
}

// commands compiles commands of which each has the value before it as its last argument.
func (c *compiler) commands(list []*parse.CommandNode) (expr, error) {
	var value expr
	for _, command := range list {
		next, err := c.command(command, value)
		if err != nil {
			return nil, fmt.Errorf("{{%s}}: %w", command, err)
		}
		value = unpacked(next)
	}
	return value, nil
}

// unpacked takes a value out of an interface{}.
func unpacked(value expr) expr {
	return func(f *frame, dot reflect.Value) reflect.Value {
		v := value(f, dot)
		if v.Kind() == reflect.Interface && v.Type().NumMethod() == 0 {
			return v.Elem()
		}
		return v
	}
}

// argument is one of a call. A constant takes the type that is asked for.
type argument struct {
	expr
	constant bool
	decides  test // its truth, where that can be had without the value; nil = it cannot
}

// truth returns the truth of the argument.
func (a argument) truth() test {
	if a.decides != nil {
		return a.decides
	}
	return func(f *frame, dot reflect.Value) bool { return truth(a.expr(f, dot)) }
}

// inner compiles a pipeline as an operand, or as what is tested.
func (c *compiler) inner(p *parse.PipeNode) (argument, error) {
	if len(p.Decl) == 0 && len(p.Cmds) == 1 {
		if name, is := p.Cmds[0].Args[0].(*parse.IdentifierNode); is && tests[name.Ident] {
			args, err := c.operands(p.Cmds[0].Args[1:])
			if err != nil {
				return argument{}, err
			}
			decides, err := decide(name.Ident, args)
			if err != nil {
				return argument{}, err
			}
			value, err := c.function(name.Ident, args)
			return argument{expr: value, decides: decides}, err
		}
	}
	value, err := c.pipe(p)
	return argument{expr: value}, err
}

func (c *compiler) operands(nodes []parse.Node) ([]argument, error) {
	args := make([]argument, len(nodes))
	for i, node := range nodes {
		var err error
		if args[i], err = c.operand(node); err != nil {
			return nil, err
		}
	}
	return args, nil
}

// command compiles one command; last is the argument that the pipeline adds, nil if none.
func (c *compiler) command(n *parse.CommandNode, last expr) (expr, error) {
	args, err := c.operands(n.Args[1:])
	if err != nil {
		return nil, err
	}
	if last != nil {
		args = append(args, argument{expr: last})
	}
	switch first := n.Args[0].(type) {
	case *parse.IdentifierNode:
		return c.function(first.Ident, args)
	case *parse.FieldNode:
		return chain(dotItself, first.Ident, args), nil
	case *parse.ChainNode:
		base, err := c.operand(first.Node)
		return chain(base.expr, first.Field, args), err
	case *parse.VariableNode:
		base, err := c.operand(&parse.VariableNode{NodeType: parse.NodeVariable, Ident: first.Ident[:1]})
		if err != nil || len(first.Ident) == 1 && len(args) == 0 {
			return base.expr, err
		}
		return chain(base.expr, first.Ident[1:], args), nil
	}
	if len(args) > 0 {
		return nil, fmt.Errorf("%s is no function", n.Args[0])
	}
	value, err := c.operand(n.Args[0])
	return value.expr, err
}

func dotItself(_ *frame, dot reflect.Value) reflect.Value { return dot }

// operand compiles what stands by itself.
func (c *compiler) operand(node parse.Node) (argument, error) {
	switch n := node.(type) {
	case *parse.DotNode:
		return argument{expr: dotItself}, nil
	case *parse.StringNode:
		return constant(n.Text), nil
	case *parse.BoolNode:
		return constant(n.True), nil
	case *parse.NumberNode:
		if !n.IsInt {
			return argument{}, fmt.Errorf("%s is not compiled", n)
		}
		return constant(int(n.Int64)), nil
	case *parse.PipeNode:
		return c.inner(n)
	case *parse.VariableNode:
		slot, err := c.slotOf(n.Ident[0])
		value := func(f *frame, _ reflect.Value) reflect.Value { return f.stack[f.base+slot] }
		return argument{expr: chain(value, n.Ident[1:], nil)}, err
	case *parse.FieldNode:
		return argument{expr: chain(dotItself, n.Ident, nil)}, nil
	case *parse.ChainNode:
		base, err := c.operand(n.Node)
		return argument{expr: chain(base.expr, n.Field, nil)}, err
	case *parse.IdentifierNode:
		value, err := c.function(n.Ident, nil)
		return argument{expr: value}, err
	}
	return argument{}, fmt.Errorf("%T is not compiled", node)
}

func constant(value any) argument {
	v := reflect.ValueOf(value)
	return argument{expr: func(*frame, reflect.Value) reflect.Value { return v }, constant: true}
}

// chain compiles .A.B.C of a value; the last one has the arguments.
func chain(base expr, names []string, args []argument) expr {
	for i, name := range names {
		if i < len(names)-1 {
			base = member(base, name, nil)
		} else {
			base = member(base, name, args)
		}
	}
	return base
}

// access is how a type has a member: by a method, a field, or neither.
type access struct {
	typ    reflect.Type
	method int // -1 = none
	index  []int
}

// accesses keeps what was found, by accessKey.
var accesses sync.Map

type accessKey struct {
	typ  reflect.Type
	name string
}

// accessOf finds a member of a type. A pointer has the methods of its type and of what it points to.
func accessOf(typ reflect.Type, name string) *access {
	if found, ok := accesses.Load(accessKey{typ, name}); ok {
		return found.(*access)
	}
	a := &access{typ: typ, method: -1}
	if m, ok := typ.MethodByName(name); ok {
		a.method = m.Index
	} else {
		if typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		if typ.Kind() == reflect.Struct {
			if field, ok := typ.FieldByName(name); ok && field.IsExported() {
				a.index = field.Index
			}
		}
	}
	found, _ := accesses.LoadOrStore(accessKey{a.typ, name}, a)
	return found.(*access)
}

// member compiles .Name of a value.
func member(base expr, name string, args []argument) expr {
	var last atomic.Pointer[access] // most places see one type only
	return func(f *frame, dot reflect.Value) reflect.Value {
		receiver := base(f, dot)
		if !receiver.IsValid() {
			return receiver
		}
		receiver, isNil := indirect(receiver)
		at := receiver
		switch receiver.Kind() {
		case reflect.Interface:
			fail("nil pointer evaluating %s.%s", receiver.Type(), name)
		case reflect.Pointer:
		default:
			if receiver.CanAddr() {
				at = receiver.Addr()
			}
		}
		typ := at.Type()
		a := last.Load()
		if a == nil || a.typ != typ {
			a = accessOf(typ, name)
			last.Store(a)
		}
		switch {
		case a.method >= 0:
			return invoke(name, at.Method(a.method), f, dot, args)
		case isNil:
			fail("nil pointer evaluating %s.%s", typ, name)
		case a.index == nil:
			fail("can't evaluate %s in %s", name, typ)
		case len(args) > 0:
			fail("%s of %s has arguments and is no method", name, typ)
		case len(a.index) == 1:
			return receiver.Field(a.index[0])
		}
		v, err := receiver.FieldByIndexErr(a.index)
		if err != nil {
			fail("%w", err)
		}
		return v
	}
}

// invoke calls a function or a method.
func invoke(name string, function reflect.Value, f *frame, dot reflect.Value, args []argument) reflect.Value {
	typ := function.Type()
	if typ.IsVariadic() || typ.NumIn() != len(args) {
		fail("%s takes %d arguments, not %d", name, typ.NumIn(), len(args))
	}
	var room [4]reflect.Value
	values := room[:0]
	for i, arg := range args {
		values = append(values, fitted(arg.expr(f, dot), typ.In(i), arg.constant))
	}
	results := function.Call(values)
	if len(results) > 1 && !results[1].IsNil() {
		fail("%s: %w", name, results[1].Interface().(error))
	}
	return results[0]
}

// fitted returns a value as an argument of a type.
func fitted(v reflect.Value, typ reflect.Type, constant bool) reflect.Value {
	if !v.IsValid() {
		switch typ.Kind() {
		case reflect.Interface, reflect.Map, reflect.Pointer, reflect.Slice:
			return reflect.Zero(typ)
		}
		fail("a missing value where %s is expected", typ)
	}
	if v.Type().AssignableTo(typ) {
		return v
	}
	if v.Kind() == reflect.Interface && !v.IsNil() && v.Elem().Type().AssignableTo(typ) {
		return v.Elem()
	}
	switch {
	case constant && v.Kind() == typ.Kind():
		return v.Convert(typ)
	case constant && v.CanInt() && reflect.Zero(typ).CanInt():
		return v.Convert(typ)
	case v.Kind() == reflect.Pointer && v.Type().Elem().AssignableTo(typ) && !v.IsNil():
		return v.Elem()
	case v.CanAddr() && reflect.PointerTo(v.Type()).AssignableTo(typ):
		return v.Addr()
	}
	fail("%s where %s is expected", v.Type(), typ)
	return v
}

// indirect follows pointers and interfaces to their end; isNil tells that the end is nil.
func indirect(v reflect.Value) (end reflect.Value, isNil bool) {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			return v, true
		}
		v = v.Elem()
	}
	return v, false
}
