package templates

import (
	"fmt"
	"html/template"
	"regexp"
	"strings"
	"text/template/parse"
)

// fold rewrites the parsed set so that what never changes is computed once: `{{icon "door"}}` becomes
// its markup, and the indentation of the files becomes one line break. A list page of 50 rows has
// hundreds of both. The attributes of a tag that several tags have become a part of each: html/template
// would make a copy that cannot be compiled.
func (r *Renderer) fold(set *template.Template) error {
	for _, t := range set.Templates() {
		if t.Tree == nil || strings.HasSuffix(t.Name(), attributes) {
			continue
		}
		if err := r.foldList(set, t.Tree.Root); err != nil {
			return fmt.Errorf("templates: %s: %w", t.Name(), err)
		}
	}
	return nil
}

func (r *Renderer) foldList(set *template.Template, list *parse.ListNode) error {
	if list == nil {
		return nil
	}
	for i, node := range list.Nodes {
		switch n := node.(type) {
		case *parse.TextNode:
			n.Text = indentation.ReplaceAll(n.Text, []byte("\n"))
		case *parse.ActionNode:
			name, ok := constantIcon(n)
			if !ok {
				continue
			}
			html, err := r.icon(name)
			if err != nil {
				return err
			}
			list.Nodes[i] = &parse.TextNode{NodeType: parse.NodeText, Pos: n.Pos, Text: []byte(html)}
		case *parse.TemplateNode:
			if strings.HasSuffix(n.Name, attributes) {
				part := spliced(set, n)
				if err := r.foldBranch(set, &part.BranchNode); err != nil {
					return err
				}
				list.Nodes[i] = part
			}
		case *parse.IfNode:
			if err := r.foldBranch(set, &n.BranchNode); err != nil {
				return err
			}
		case *parse.RangeNode:
			if err := r.foldBranch(set, &n.BranchNode); err != nil {
				return err
			}
		case *parse.WithNode:
			if err := r.foldBranch(set, &n.BranchNode); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *Renderer) foldBranch(set *template.Template, b *parse.BranchNode) error {
	if err := r.foldList(set, b.List); err != nil {
		return err
	}
	return r.foldList(set, b.ElseList)
}

// attributes ends the names of templates that stand in a tag.
const attributes = "-attributes"

// spliced returns the attributes of a tag in place of the template. They take a struct, which is always there.
func spliced(set *template.Template, n *parse.TemplateNode) *parse.WithNode {
	tree := set.Lookup(n.Name).Tree.Copy()
	return &parse.WithNode{BranchNode: parse.BranchNode{
		NodeType: parse.NodeWith, Pos: n.Pos, Line: n.Line, Pipe: n.Pipe, List: tree.Root,
	}}
}

// indentation is a line break with the blanks around it. No template has an element in which they
// count: a test looks for them.
var indentation = regexp.MustCompile(`[ \t]*\n\s*`)

// constantIcon reports whether an action is `{{icon "name"}}`, and the name.
func constantIcon(n *parse.ActionNode) (name string, ok bool) {
	if len(n.Pipe.Decl) != 0 || len(n.Pipe.Cmds) != 1 || len(n.Pipe.Cmds[0].Args) != 2 {
		return "", false
	}
	call, is := n.Pipe.Cmds[0].Args[0].(*parse.IdentifierNode)
	text, constant := n.Pipe.Cmds[0].Args[1].(*parse.StringNode)
	if !is || !constant || call.Ident != "icon" {
		return "", false
	}
	return text.Text, true
}
