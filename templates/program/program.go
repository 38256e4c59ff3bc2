// Package program executes html/template's templates several times faster than html/template does. It compiles the
// parse trees that html/template has made safe into functions: names of fields are resolved once per type, and values
// are escaped straight into the page, without a call by reflection for each. What is compiled is the part of the
// language that the pages use; Compile refuses the rest.
//
// html/template decides what has to be escaped and how. Its escapers cannot be called from outside, so that those the
// pages need are written again here: tests hold them to html/template's own results, byte by byte.
package program

import (
	"bytes"
	"fmt"
	"html/template"
	"reflect"
	"text/template/parse"
)

// Program is a compiled template. It is safe for concurrent use.
type Program struct {
	body  []step
	slots int // variables, with $
}

// step writes a part of the page.
type step func(f *frame, dot reflect.Value)

// frame is an execution: the page so far, and the variables of the templates being executed, the innermost from base on.
type frame struct {
	out   *bytes.Buffer
	stack []reflect.Value
	base  int
}

// failure is what an execution panics with, to end it.
type failure struct{ err error }

func fail(format string, args ...any) { panic(failure{fmt.Errorf(format, args...)}) }

// Execute writes the template with data as its dot to out. If it fails, a part may have been written.
func (p *Program) Execute(out *bytes.Buffer, data any) (err error) {
	defer func() {
		switch caught := recover().(type) {
		case nil:
		case failure:
			err = caught.err
		default:
			panic(caught)
		}
	}()
	f := &frame{out: out, stack: make([]reflect.Value, 0, 64)}
	p.run(f, reflect.ValueOf(data))
	return nil
}

func (p *Program) run(f *frame, dot reflect.Value) {
	outer := f.base
	f.base = len(f.stack)
	f.stack = append(f.stack, dot)
	for range p.slots - 1 {
		f.stack = append(f.stack, reflect.Value{})
	}
	do(p.body, f, dot)
	f.stack = f.stack[:f.base]
	f.base = outer
}

func do(body []step, f *frame, dot reflect.Value) {
	for _, s := range body {
		s(f, dot)
	}
}

// Compile compiles one template of a set that html/template has executed: only then are its trees safe. funcs are those
// that the set was parsed with. It returns an error for what it does not know.
func Compile(set *template.Template, name string, funcs template.FuncMap) (*Program, error) {
	c := &compiler{set: set, funcs: funcs, made: map[string]*Program{}}
	return c.program(name)
}

// compiler compiles a template with those it calls.
type compiler struct {
	set   *template.Template
	funcs template.FuncMap
	made  map[string]*Program

	// Of the template being compiled: the variables in scope, and how many were ever.
	scope []variable
	slots int
}

// variable is one in scope, with the place where it is kept.
type variable struct {
	name string
	slot int
}

func (c *compiler) program(name string) (*Program, error) {
	if p := c.made[name]; p != nil {
		return p, nil // perhaps not finished: templates may call themselves
	}
	t := c.set.Lookup(name)
	if t == nil || t.Tree == nil {
		// html/template has copies of a template for each place in a tag that it is used at, and shows them to nobody.
		return nil, fmt.Errorf("template %q is not in the set", name)
	}
	p := &Program{}
	c.made[name] = p
	inner := &compiler{set: c.set, funcs: c.funcs, made: c.made, scope: []variable{{"$", 0}}, slots: 1}
	var err error
	if p.body, err = inner.list(t.Tree.Root); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	p.slots = inner.slots
	return p, nil
}

// declare puts a variable in scope and returns where it is kept. Its place is its own: those of closed blocks are not
// used again, so that no value is seen that is older than its declaration.
func (c *compiler) declare(name string) int {
	v := variable{name, c.slots}
	c.scope = append(c.scope, v)
	c.slots++
	return v.slot
}

// close ends the scope of the variables declared since open was len(c.scope).
func (c *compiler) close(open int) { c.scope = c.scope[:open] }

// list compiles nodes in a scope of their own.
func (c *compiler) list(list *parse.ListNode) ([]step, error) {
	if list == nil {
		return nil, nil
	}
	defer c.close(len(c.scope))
	var body []step
	var text []byte
	flush := func() {
		if len(text) > 0 {
			part := text
			body, text = append(body, func(f *frame, _ reflect.Value) { f.out.Write(part) }), nil
		}
	}
	for _, node := range list.Nodes {
		if t, is := node.(*parse.TextNode); is {
			text = append(text, t.Text...)
			continue
		}
		flush()
		s, err := c.node(node)
		if err != nil {
			return nil, err
		}
		if s != nil {
			body = append(body, s)
		}
	}
	flush()
	return body, nil
}

func (c *compiler) node(node parse.Node) (step, error) {
	switch n := node.(type) {
	case *parse.ActionNode:
		return c.action(n)
	case *parse.IfNode:
		return c.branch(n)
	case *parse.WithNode:
		return c.with(n)
	case *parse.RangeNode:
		return c.loop(n)
	case *parse.TemplateNode:
		return c.call(n)
	case *parse.CommentNode:
		return nil, nil
	}
	return nil, fmt.Errorf("%T is not compiled", node)
}

// action compiles what prints a value or declares a variable.
func (c *compiler) action(n *parse.ActionNode) (step, error) {
	if len(n.Pipe.Decl) > 0 {
		value, err := c.pipe(n.Pipe)
		if err != nil {
			return nil, err
		}
		return func(f *frame, dot reflect.Value) { value(f, dot) }, nil
	}
	commands, escape, err := escaperOf(n.Pipe.Cmds)
	if err != nil {
		return nil, err
	}
	value, err := c.commands(commands)
	if err != nil {
		return nil, err
	}
	return func(f *frame, dot reflect.Value) { escape(f.out, value(f, dot)) }, nil
}

func (c *compiler) branch(n *parse.IfNode) (step, error) {
	defer c.close(len(c.scope))
	asked, err := c.inner(n.Pipe)
	if err != nil {
		return nil, err
	}
	then, err := c.list(n.List)
	if err != nil {
		return nil, err
	}
	otherwise, err := c.list(n.ElseList)
	if err != nil {
		return nil, err
	}
	test := asked.truth()
	return func(f *frame, dot reflect.Value) {
		if test(f, dot) {
			do(then, f, dot)
		} else {
			do(otherwise, f, dot)
		}
	}, nil
}

func (c *compiler) with(n *parse.WithNode) (step, error) {
	defer c.close(len(c.scope))
	value, err := c.pipe(n.Pipe)
	if err != nil {
		return nil, err
	}
	then, err := c.list(n.List)
	if err != nil {
		return nil, err
	}
	otherwise, err := c.list(n.ElseList)
	if err != nil {
		return nil, err
	}
	return func(f *frame, dot reflect.Value) {
		if v := value(f, dot); truth(v) {
			do(then, f, v)
		} else {
			do(otherwise, f, dot)
		}
	}, nil
}

// loop compiles a range over a slice or an array.
func (c *compiler) loop(n *parse.RangeNode) (step, error) {
	defer c.close(len(c.scope))
	value, err := c.commands(n.Pipe.Cmds)
	if err != nil {
		return nil, err
	}
	index, element := -1, -1
	switch decl := n.Pipe.Decl; {
	case n.Pipe.IsAssign:
		return nil, fmt.Errorf("a range that assigns is not compiled")
	case len(decl) == 1:
		element = c.declare(decl[0].Ident[0])
	case len(decl) == 2:
		index, element = c.declare(decl[0].Ident[0]), c.declare(decl[1].Ident[0])
	}
	each, err := c.list(n.List)
	if err != nil {
		return nil, err
	}
	none, err := c.list(n.ElseList)
	if err != nil {
		return nil, err
	}
	return func(f *frame, dot reflect.Value) {
		all, _ := indirect(value(f, dot))
		switch all.Kind() {
		case reflect.Slice, reflect.Array:
		case reflect.Invalid:
			do(none, f, dot)
			return
		default:
			fail("a range over %s is not compiled", all.Type())
		}
		length := all.Len()
		for i := range length {
			v := all.Index(i)
			if element > 0 {
				f.stack[f.base+element] = v
			}
			if index > 0 {
				f.stack[f.base+index] = reflect.ValueOf(i)
			}
			do(each, f, v)
		}
		if length == 0 {
			do(none, f, dot)
		}
	}, nil
}

// call compiles the execution of another template.
func (c *compiler) call(n *parse.TemplateNode) (step, error) {
	p, err := c.program(n.Name)
	if err != nil {
		return nil, err
	}
	if n.Pipe == nil {
		return func(f *frame, _ reflect.Value) { p.run(f, reflect.Value{}) }, nil
	}
	value, err := c.pipe(n.Pipe)
	if err != nil {
		return nil, err
	}
	return func(f *frame, dot reflect.Value) { p.run(f, value(f, dot)) }, nil
}
