package templates

import (
	"bytes"
	"html/template"
	"sync"

	"tongxing/templates/program"
)

// page is a page. A block of it that is executed again is compiled: the first time html/template decides how each
// value is escaped. Its parse trees are dropped after that: those of all pages are 80 MB, which would be walked by
// each collection of garbage.
type page struct {
	parse func() (*template.Template, error)
	funcs template.FuncMap

	mu      sync.Mutex // held while a block is executed for the first time
	blocks  sync.Map   // by name: *block
	problem error      // why a block cannot be compiled
}

// block is a block that was executed: compiled, or else as html/template has it.
type block struct {
	program *program.Program
	set     *template.Template
}

// execute writes a block to out.
func (p *page) execute(out *bytes.Buffer, name string, data any) error {
	if b := p.block(name); b != nil {
		return b.execute(out, name, data)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if b := p.block(name); b != nil {
		return b.execute(out, name, data)
	}
	set, err := p.parse()
	if err != nil {
		return err
	}
	if err := set.ExecuteTemplate(out, name, data); err != nil {
		return err
	}
	// What cannot be compiled is executed as it was; tests find it.
	b := &block{}
	if b.program, err = program.Compile(set, name, p.funcs); err != nil {
		p.problem, b.set = err, set
	}
	p.blocks.Store(name, b)
	return nil
}

func (p *page) block(name string) *block {
	found, _ := p.blocks.Load(name)
	b, _ := found.(*block)
	return b
}

func (b *block) execute(out *bytes.Buffer, name string, data any) error {
	if b.program != nil {
		return b.program.Execute(out, data)
	}
	return b.set.ExecuteTemplate(out, name, data)
}

// compiled reports whether every block that was executed is compiled.
func (p *page) compiled() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.problem == nil
}
