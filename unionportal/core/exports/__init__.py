"""Any list as a file: columns an app declares, a second person where it matters, a job."""
