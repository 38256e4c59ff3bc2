package templates

import (
	"fmt"
	"html/template"
	"regexp"
	"text/template/parse"
)

// fold rewrites the parsed set so that what never changes is computed once: `{{icon "door"}}` becomes
// its markup, and the indentation of the files becomes one line break. A list page of 50 rows has
// hundreds of both.
func (r *Renderer) fold(set *template.Template) error {
	for _, t := range set.Templates() {
		if t.Tree == nil {
			continue
		}
		if err := r.foldList(t.Tree.Root); err != nil {
			return fmt.Errorf("templates: %s: %w", t.Name(), err)
		}
	}
	return nil
}

func (r *Renderer) foldList(list *parse.ListNode) error {
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
		case *parse.IfNode:
			if err := r.foldBranch(&n.BranchNode); err != nil {
				return err
			}
		case *parse.RangeNode:
			if err := r.foldBranch(&n.BranchNode); err != nil {
				return err
			}
		case *parse.WithNode:
			if err := r.foldBranch(&n.BranchNode); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *Renderer) foldBranch(b *parse.BranchNode) error {
	if err := r.foldList(b.List); err != nil {
		return err
	}
	return r.foldList(b.ElseList)
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
