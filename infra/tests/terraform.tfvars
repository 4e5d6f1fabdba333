environment = "test"
# Nothing is uploaded, so any file will do.
package_path = "README.md"
