package login

// Calls are every address the surface answers, for tests that must miss none: method, space, pattern.
func (s *Server) Calls() (list []string) {
	for _, r := range s.routes() {
		list = append(list, r.method+" "+r.path)
	}
	return list
}
