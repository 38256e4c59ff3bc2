package web

import (
	"tongxing/core"
	"tongxing/templates"
)

// AddedField returns the input of a field that an office added to a form.
func AddedField(field templates.Field, f core.FormField) templates.Field {
	switch f.Kind {
	case core.FormNumber:
		field.Kind, field.Step, field.Short = templates.Number, "any", true
	case core.FormDate:
		field.Kind = templates.Date
	case core.FormChoice:
		field.Kind, field.Choices = templates.Select, []templates.Choice{{Label: "请选择"}}
		for _, choice := range f.Choices {
			field.Choices = append(field.Choices, templates.Choice{Value: choice, Label: choice})
		}
	case core.FormText:
		field.MaxLength = core.MaxFormAnswer
	}
	return field
}
