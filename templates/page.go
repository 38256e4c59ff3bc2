package templates

import (
	"bytes"
	"html/template"
	"sync"

	"tongxing/templates/program"
)

// page is a page with its set. What is executed again is compiled: the first time html/template decides how each value
// is escaped.
type page struct {
	set   *template.Template
	funcs template.FuncMap

	mu       sync.Mutex // held while html/template rewrites the set and it is read
	programs sync.Map   // by block: *program.Program, nil for one that cannot be compiled
	problem  error      // why a block cannot be compiled
}

// execute writes a block to out.
func (p *page) execute(out *bytes.Buffer, block string, data any) error {
	if found, ok := p.programs.Load(block); ok {
		if compiled := found.(*program.Program); compiled != nil {
			return compiled.Execute(out, data)
		}
		return p.set.ExecuteTemplate(out, block, data)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.set.ExecuteTemplate(out, block, data); err != nil {
		return err
	}
	// What cannot be compiled is executed as it was; tests find it.
	compiled, err := program.Compile(p.set, block, p.funcs)
	if err != nil {
		p.problem, compiled = err, nil
	}
	p.programs.Store(block, compiled)
	return nil
}

// compiled reports whether every block that was executed is compiled.
func (p *page) compiled() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.problem == nil
}
